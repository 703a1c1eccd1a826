"""Conversations of OpenHands V1: the SDK, its command line, its servers, benchmarks."""
