"""The capture: what is measured, as a file. Root and a kernel on one side of it, a laptop on the other."""
