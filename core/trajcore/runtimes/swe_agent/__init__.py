"""What SWE-agent shows of its commands."""
