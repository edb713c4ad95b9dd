package main

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	dotnet "github.com/pulumi/pulumi-dotnet/pulumi-language-dotnet/v3/codegen"
	"github.com/pulumi/pulumi-java/pkg/codegen/java"
	gogen "github.com/pulumi/pulumi/pkg/v3/codegen/go"
	"github.com/pulumi/pulumi/pkg/v3/codegen/nodejs"
	"github.com/pulumi/pulumi/pkg/v3/codegen/python"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
)

// extra are the files that a language's generator does not make: the README, what builds the library, and the logo that
// packages of .NET must have.
//
//go:embed extra
var extra embed.FS

// A language is one library: how its names are spelled and how its files are made.
type language struct {
	spell    func(string) string
	generate func(*schema.Package) (map[string][]byte, error)
	// The files of the folder extra that go into the library, by their paths in it.
	extra map[string]string
}

// languages are the libraries that are made, by the names of their folders.
var languages = map[string]language{
	"python": {spell: python.PyName, generate: generatePython},
	"nodejs": {spell: unchanged, generate: generateNodejs, extra: map[string]string{".gitignore": "nodejs/gitignore"}},
	"go": {spell: capitalized, generate: generateGo, extra: map[string]string{
		"README.md": "go/README.md", ".gitignore": "go/gitignore",
	}},
	"java": {spell: unchanged, generate: generateJava, extra: map[string]string{
		"README.md": "java/README.md", "pom.xml": "java/pom.xml", ".gitignore": "java/gitignore",
	}},
	"dotnet": {spell: capitalized, generate: generateDotnet, extra: map[string]string{"README.md": "dotnet/README.md"}},
}

func (l language) files(pkg *schema.Package) (map[string][]byte, error) {
	files, err := l.generate(pkg)
	if err != nil {
		return nil, err
	}
	names, err := publisherNames(pkg)
	if err != nil {
		return nil, err
	}
	for path, name := range l.extra {
		content, err := extra.ReadFile("extra/" + name)
		if err != nil {
			return nil, err
		}
		files[path] = []byte(names.Replace(string(content)))
	}
	return files, nil
}

// publisherNames puts the names that depend on the publisher, which the schema has, into our own texts.
func publisherNames(pkg *schema.Package) (*strings.Replacer, error) {
	pairs := []string{"$VERSION", pkg.Version.String(), "$REPOSITORY", pkg.Repository, "$PUBLISHER", pkg.Publisher,
		"$DESCRIPTION", pkg.Description}
	settings := map[string][2]string{
		"$GO_MODULE":  {"go", "modulePath"},
		"$JAVA_GROUP": {"java", "basePackage"},
		"$NUGET_ROOT": {"csharp", "rootNamespace"},
	}
	for placeholder, setting := range settings {
		name, err := languageSetting(pkg, setting[0], setting[1])
		if err != nil {
			return nil, err
		}
		pairs = append(pairs, placeholder, name)
	}
	return strings.NewReplacer(pairs...), nil
}

// languageSetting is a text that the schema says for a language, whose own type each generator has or has not made of it by now.
func languageSetting(pkg *schema.Package, language, name string) (string, error) {
	text, err := json.Marshal(pkg.Language[language])
	if err != nil {
		return "", err
	}
	var settings map[string]any
	if err := json.Unmarshal(text, &settings); err != nil {
		return "", fmt.Errorf("the settings of %s: %w", language, err)
	}
	setting, ok := settings[name].(string)
	if !ok {
		return "", fmt.Errorf("the schema has no %s for %s", name, language)
	}
	return setting, nil
}

func unchanged(name string) string {
	return name
}

func capitalized(name string) string {
	return strings.ToUpper(name[:1]) + name[1:]
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

func generateNodejs(pkg *schema.Package) (map[string][]byte, error) {
	files, err := nodejs.GeneratePackage(tool, pkg, nil, nil, false, nil)
	if err != nil {
		return nil, err
	}
	files["package.json"], err = packable(files["package.json"])
	return files, err
}

// packable makes `npm pack` compile the library and pack what programs need. The generated package.json leaves that to
// whoever publishes.
func packable(generated []byte) ([]byte, error) {
	var text map[string]any
	if err := json.Unmarshal(generated, &text); err != nil {
		return nil, fmt.Errorf("package.json: %w", err)
	}
	text["main"] = "bin/index.js"
	text["types"] = "bin/index.d.ts"
	text["files"] = []string{"bin/**/*.js", "bin/**/*.d.ts", "bin/package.json", "README.md", "LICENSE"}
	// The compiled library asks for its version in a package.json beside itself.
	build := `tsc && node -e "require('fs').copyFileSync('package.json', 'bin/package.json')"`
	text["scripts"] = map[string]string{"build": build, "prepack": "npm run build"}
	var packed bytes.Buffer
	encoder := json.NewEncoder(&packed)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "    ")
	err := encoder.Encode(text)
	return packed.Bytes(), err
}

func generateGo(pkg *schema.Package) (map[string][]byte, error) {
	return gogen.GeneratePackage(tool, pkg, nil)
}

func generateJava(pkg *schema.Package) (map[string][]byte, error) {
	return java.GeneratePackage(tool, pkg, nil, nil, false, false)
}

// generateDotnet makes the library for .NET, whose generator fetches the logo by HTTP: here it comes from this process.
func generateDotnet(pkg *schema.Package) (map[string][]byte, error) {
	logo, err := extra.ReadFile("extra/dotnet/logo.png")
	if err != nil {
		return nil, err
	}
	server := httptest.NewServer(http.HandlerFunc(func(answer http.ResponseWriter, _ *http.Request) {
		_, _ = answer.Write(logo)
	}))
	defer server.Close()
	pkg.LogoURL = server.URL
	files, err := dotnet.GeneratePackage(tool, pkg, nil, nil)
	if err != nil {
		return nil, err
	}
	for path, content := range files {
		if strings.Contains(string(content), server.URL) {
			return nil, fmt.Errorf("%s names the server of the logo", path)
		}
	}
	return files, nil
}
