"""Files of foreign formats -> Arrow arrays of our kinds, with what had to be left out counted."""
