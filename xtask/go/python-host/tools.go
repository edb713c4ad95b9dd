//go:build tools

// Package tools pins the language host that runs Python programs. It is the last one that is served as a Go module, older
// than the engine that drives it; a Pulumi CLI from elsewhere has its own beside it.
package tools

import _ "github.com/pulumi/pulumi/sdk/v3/python/cmd/pulumi-language-python"
