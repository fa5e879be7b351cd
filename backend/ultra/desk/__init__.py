"""What a person may do: each rule once, whatever entrance they come by."""
