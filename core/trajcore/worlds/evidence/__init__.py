"""What a recording gives away of the files it began with, and a world built of that alone."""
