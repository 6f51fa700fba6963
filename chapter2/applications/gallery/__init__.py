"""One small door for each field of section 3.4: a model of the right kind, measured."""
