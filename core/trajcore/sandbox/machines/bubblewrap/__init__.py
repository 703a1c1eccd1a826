"""The machine that is a view of this host's system directories, in namespaces of its own."""
