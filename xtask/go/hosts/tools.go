//go:build tools

// Package tools pins the language hosts that run programs in Go and in TypeScript. They are the last ones that are served as
// parts of a Go module, older than the engine that drives them; a Pulumi CLI from elsewhere has its own beside it.
package tools

import (
	_ "github.com/pulumi/pulumi/sdk/v3/go/pulumi-language-go"
	_ "github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs"
)
