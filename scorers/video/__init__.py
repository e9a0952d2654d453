"""Videos and sound: opened safely, sampled into frames, judged, hashed, listened to."""
