"""SWE-agent, versions 0.4 to 1.1."""
