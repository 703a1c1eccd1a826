"""The engine of trajtui: trajectories, sandboxes, replay and live sessions, without any screen."""
