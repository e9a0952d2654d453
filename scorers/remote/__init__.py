"""A service on the network -> its answer, or one line that says why there is none: what every remote scorer shares."""
