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

	"github.com/pulumi/pulumi/pkg/v3/codegen/python"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
)

// tool is what generated files say that they were made by.
const tool = "cargo xtask codegen"

// A generator makes the files of one language, by their paths.
type generator func(*schema.Package) (map[string][]byte, error)

// languages are the libraries that are made, by the names of their folders.
var languages = map[string]generator{
	"python": generatePython,
}

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
	for language, generate := range languages {
		pkg, err := bind(spec)
		if err != nil {
			return fmt.Errorf("%s: %w", arguments[0], err)
		}
		files, err := generate(pkg)
		if err != nil {
			return fmt.Errorf("the %s library: %w", language, err)
		}
		if err := write(filepath.Join(arguments[1], language), files); err != nil {
			return err
		}
	}
	return nil
}

func generatePython(pkg *schema.Package) (map[string][]byte, error) {
	// The last argument finds the packages that this one depends on, of which there are none.
	files, err := python.GeneratePackage(tool, pkg, nil, nil)
	if err != nil {
		return nil, err
	}
	// The generated pyproject.toml names a README beside itself, which whoever packs the library is to put there.
	if info, ok := pkg.Language["python"].(python.PackageInfo); ok {
		files["README.md"] = []byte(info.Readme)
	}
	return files, nil
}

// bind reads a schema. Generators leave their marks on what they are given, so that each needs its own.
func bind(text []byte) (*schema.Package, error) {
	var spec schema.PackageSpec
	if err := json.Unmarshal(text, &spec); err != nil {
		return nil, err
	}
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
