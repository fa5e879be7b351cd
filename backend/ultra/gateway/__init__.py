"""One completion: who is asked, how often, for how long, and what it costs. `completion.Gateway` is the door."""
