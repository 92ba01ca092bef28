"""What type hints promise: functions with hints, what the hints mean, and data that fits them."""
