"""What may happen: one stage a file, in the order people → outcomes → evidence → payments →
capital → returns → value. Numpy and scipy only; contracts are read for their types."""
