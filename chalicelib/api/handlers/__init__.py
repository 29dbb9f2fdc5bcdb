"""What each route does: parse, call one thing, answer."""
