"""mini-swe-agent, versions 1 and 2."""
