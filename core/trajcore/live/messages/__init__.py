"""From the events of a run to the messages that a model is sent."""
