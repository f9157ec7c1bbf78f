// An assembly file lets a package declare functions without bodies, which go:linkname needs.
