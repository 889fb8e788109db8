"""What ``sunset doctor`` checks: one module for each service, and one for this machine."""
