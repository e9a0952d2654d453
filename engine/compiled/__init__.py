"""Program -> Python functions, one for the records that are complete and one for all others (`engine.scalar`)."""
