"""Pages: rendered here, working without script, under a policy that allows none."""
