"""OpenHands' first format: events as `event_to_dict` of OpenHands 0.62 and its forerunners write them."""
