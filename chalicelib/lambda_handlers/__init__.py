"""Between Lambda's events and the application: parse, call one thing, answer."""
