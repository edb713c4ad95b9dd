package main

import (
	"regexp"
	"strings"

	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
)

// options are those of Pulumi's resources, which descriptions name like properties.
var options = []string{"customTimeouts", "deleteBeforeReplace", "ignoreChanges", "retainOnDelete"}

// ambiguous are properties that are also names of Vault's engines and methods or of OCI's settings. They are properties
// where what is described has such a one.
var ambiguous = map[string]bool{"aws": true, "jwt": true, "secret": true, "user": true}

// span is a piece of code in a line, and code a name in it, alone or with a value.
var (
	span = regexp.MustCompile("`[^`]+`")
	code = regexp.MustCompile(`^([a-z][A-Za-z0-9]*(?:\.[a-z][A-Za-z0-9]*)*)(: .*)?$`)
)

// A speller writes the names in descriptions as a language does.
type speller struct {
	spell func(string) string
	// Every property's name.
	names map[string]bool
}

// respell gives the names in backticks in every description the spelling of a language. What describes the keys of
// Pulumi's configuration stays as it is, as the keys do.
func respell(spec *schema.PackageSpec, spell func(string) string) {
	s := speller{spell: spell, names: map[string]bool{}}
	s.learn(spec)
	for token, kind := range spec.Types {
		s.object(&kind.ObjectTypeSpec, kind.Properties)
		for i := range kind.Enum {
			kind.Enum[i].Description = s.text(kind.Enum[i].Description, nil)
		}
		spec.Types[token] = kind
	}
	s.resource(spec.Provider)
	for token, resource := range spec.Resources {
		s.resource(&resource)
		spec.Resources[token] = resource
	}
	for token, function := range spec.Functions {
		function.Description = s.text(function.Description, properties(function.Inputs))
		s.optional(function.Inputs)
		s.optional(function.Outputs)
		spec.Functions[token] = function
	}
}

func properties(object *schema.ObjectTypeSpec) map[string]schema.PropertySpec {
	if object == nil {
		return nil
	}
	return object.Properties
}

func (s *speller) learn(spec *schema.PackageSpec) {
	for _, option := range options {
		s.names[option] = true
	}
	note := func(properties map[string]schema.PropertySpec) {
		for name := range properties {
			s.names[name] = true
		}
	}
	for _, kind := range spec.Types {
		note(kind.Properties)
	}
	for _, resource := range spec.Resources {
		note(resource.Properties)
		note(resource.InputProperties)
	}
	note(spec.Provider.InputProperties)
	for _, function := range spec.Functions {
		note(properties(function.Inputs))
		note(properties(function.Outputs))
	}
}

func (s *speller) resource(resource *schema.ResourceSpec) {
	own := map[string]schema.PropertySpec{}
	for _, properties := range []map[string]schema.PropertySpec{resource.Properties, resource.InputProperties} {
		for name, property := range properties {
			own[name] = property
		}
	}
	s.object(&resource.ObjectTypeSpec, own)
	s.properties(resource.InputProperties, own)
}

func (s *speller) optional(object *schema.ObjectTypeSpec) {
	if object != nil {
		s.object(object, object.Properties)
	}
}

func (s *speller) object(object *schema.ObjectTypeSpec, own map[string]schema.PropertySpec) {
	object.Description = s.text(object.Description, own)
	s.properties(object.Properties, own)
}

func (s *speller) properties(properties, own map[string]schema.PropertySpec) {
	for name, property := range properties {
		property.Description = s.text(property.Description, own)
		property.DeprecationMessage = s.text(property.DeprecationMessage, own)
		properties[name] = property
	}
}

// text respells a description, but no block of code in it, be it fenced or indented.
func (s *speller) text(text string, own map[string]schema.PropertySpec) string {
	lines := strings.Split(text, "\n")
	fenced := false
	for i, line := range lines {
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			fenced = !fenced
		} else if !fenced && !strings.HasPrefix(line, "    ") {
			lines[i] = span.ReplaceAllStringFunc(line, func(found string) string {
				return "`" + s.code(strings.Trim(found, "`"), own) + "`"
			})
		}
	}
	return strings.Join(lines, "\n")
}

// code respells a name, or the name in `name: value`.
func (s *speller) code(text string, own map[string]schema.PropertySpec) string {
	found := code.FindStringSubmatch(text)
	if found == nil {
		return text
	}
	parts := strings.Split(found[1], ".")
	for _, part := range parts {
		if !s.names[part] {
			return text
		}
	}
	if _, isOwn := own[found[1]]; ambiguous[found[1]] && !isOwn {
		return text
	}
	for i, part := range parts {
		parts[i] = s.spell(part)
	}
	return strings.Join(parts, ".") + found[2]
}
