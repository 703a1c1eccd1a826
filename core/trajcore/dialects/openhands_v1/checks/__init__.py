"""What keeps OpenHands V1 from taking a conversation, or makes it do harm with it, and how that is mended."""
