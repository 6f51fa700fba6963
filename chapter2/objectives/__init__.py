"""Objectives: pure loss functions with explicit masks."""
