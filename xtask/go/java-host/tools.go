//go:build tools

// Package tools pins the language host that runs programs in Java.
package tools

import _ "github.com/pulumi/pulumi-java/pkg/cmd/pulumi-language-java"
