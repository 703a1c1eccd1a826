"""Hostile inputs, as data, and what checks independently of the program that they did nothing."""
