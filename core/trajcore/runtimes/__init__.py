"""What an agent's own runtime would have answered to its actions, carried out in any sandbox."""
