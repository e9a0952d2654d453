"""Program A, B and a scored log -> a comparison. Nothing stands here yet."""
