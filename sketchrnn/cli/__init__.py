"""The front door: one file a verb, none of them imported before it is asked for."""
