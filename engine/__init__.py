"""Program + scores -> Decision."""
