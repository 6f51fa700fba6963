"""Models: loading pretrained weights, and heads for tasks."""
