"""Model files -> running models: the one way in which every scorer runs ONNX."""
