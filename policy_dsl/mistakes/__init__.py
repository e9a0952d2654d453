"""What first-time authors get wrong, one kind a module: a place in the text -> the mistake made there."""
