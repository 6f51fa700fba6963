"""Deployment: models that leave this machine; exported, measured, and loaded again.

The modules are imported by name: reading a shipped model need not wait for torch.
"""
