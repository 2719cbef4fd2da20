"""What looks at the live host: the instruments, the programs in the kernel, the battery that runs them."""
