"""Contents of many callers -> batches of one model, the most severe and the soonest due first."""
