// Command sdk writes the client libraries of the package that a schema describes.
//
//	sdk SCHEMA FOLDER
//
// makes FOLDER/python and so on; FOLDER must not hold them yet. Every language's generator is Pulumi's own.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
)

// tool is what generated files say that they were made by.
const tool = "cargo xtask codegen"

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	if len(arguments) != 2 {
		return errors.New("usage: sdk SCHEMA FOLDER")
	}
	spec, err := os.ReadFile(arguments[0])
	if err != nil {
		return err
	}
	for name, language := range languages {
		pkg, err := bind(spec, language.spell)
		if err != nil {
			return fmt.Errorf("%s: %w", arguments[0], err)
		}
		files, err := language.files(pkg)
		if err != nil {
			return fmt.Errorf("the %s library: %w", name, err)
		}
		if err := write(filepath.Join(arguments[1], name), files); err != nil {
			return err
		}
	}
	return nil
}

// bind reads a schema, with the names in its descriptions as a language spells them. Generators leave their marks on what
// they are given, so that each needs its own.
func bind(text []byte, spell func(string) string) (*schema.Package, error) {
	var spec schema.PackageSpec
	if err := json.Unmarshal(text, &spec); err != nil {
		return nil, err
	}
	respell(&spec, spell)
	pkg, diagnostics, err := schema.BindSpec(spec, schema.NewNullLoader(), schema.ValidationOptions{})
	if err != nil {
		return nil, err
	}
	if len(diagnostics) > 0 {
		return nil, diagnostics
	}
	return pkg, nil
}

// write puts files into a new folder.
func write(folder string, files map[string][]byte) error {
	for path, content := range files {
		place := filepath.Join(folder, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(place), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(place, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}
