"""What comes from outside, forged and broken: every payload and file is parsed or refused."""
