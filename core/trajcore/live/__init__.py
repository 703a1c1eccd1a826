"""Going live: from a run's events to a model's next step. Importing this package imports no model library."""
