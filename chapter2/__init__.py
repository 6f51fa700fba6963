"""Choose a suitable language model: pretrain, fine-tune, evaluate and deploy it.

Importing this package loads neither torch nor transformers: each room loads what it
needs when it is first used.
"""

from chapter2.errors import Chapter2Error

__version__ = "0.1.0"
__all__ = ["Chapter2Error", "__version__"]
