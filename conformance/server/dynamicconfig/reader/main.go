// Loads emitted dynamic configuration with the Temporal server's own file client and reads every value back through the
// server's own registered settings.
//
//	reader PARAMETERS FOLDER...
//
// PARAMETERS is what `tdsql list-parameters --format json` prints, a FOLDER what `tdsql compile -o` wrote. What is expected
// comes from the profile, not from the YAML. The last line of standard output sums up; the exit code is 1 if anything differs.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"sort"
	"strings"
	"time"

	"go.temporal.io/server/common/dynamicconfig"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/log/tag"
	"gopkg.in/yaml.v3"

	_ "unsafe" // for go:linkname
)

// The server exports no way to look a setting up by name; this is the function with which its file client does it.
//
//go:linkname queryRegistry go.temporal.io/server/common/dynamicconfig.queryRegistry
func queryRegistry(dynamicconfig.Key) dynamicconfig.GenericSetting

type parameter struct {
	Key       string            `json:"key"`
	ValueType string            `json:"value_type"`
	Names     map[string]string `json:"names"`
}

type resolved struct {
	Key     string `json:"key"`
	Value   any    `json:"value"`
	Emitted bool   `json:"emitted"`
}

// listener counts what the server would say at warning level and above; nothing may be said.
type listener struct{ said []string }

func (l *listener) hear(level, message string, tags []tag.Tag) {
	line := level + ": " + message
	for _, each := range tags {
		line += fmt.Sprintf(" %s=%v", each.Key(), each.Value())
	}
	l.said = append(l.said, line)
}

func (l *listener) Debug(string, ...tag.Tag)               {}
func (l *listener) Info(string, ...tag.Tag)                {}
func (l *listener) Warn(message string, tags ...tag.Tag)   { l.hear("warning", message, tags) }
func (l *listener) Error(message string, tags ...tag.Tag)  { l.hear("error", message, tags) }
func (l *listener) DPanic(message string, tags ...tag.Tag) { l.hear("panic", message, tags) }
func (l *listener) Panic(message string, tags ...tag.Tag)  { l.hear("panic", message, tags) }
func (l *listener) Fatal(message string, tags ...tag.Tag)  { l.hear("fatal", message, tags) }

var _ log.Logger = (*listener)(nil)

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: reader PARAMETERS FOLDER...")
		os.Exit(2)
	}
	// Names of dynamic configuration, and the types that their values have, by the parameter's key.
	var parameters []parameter
	read(os.Args[1], &parameters)
	known := map[string]parameter{}
	for _, each := range parameters {
		if each.Names["dynamic_config"] != "" {
			known[each.Key] = each
		}
	}

	done := make(chan any)
	faults, values := 0, 0
	for _, folder := range os.Args[2:] {
		for _, fault := range check(folder, known, &values, done) {
			fmt.Printf("%s: %s\n", filepath.Base(folder), fault)
			faults++
		}
	}
	fmt.Printf("%d files, %d values read back, %d faults\n", len(os.Args)-2, values, faults)
	if faults > 0 || values == 0 {
		os.Exit(1)
	}
}

func check(folder string, known map[string]parameter, values *int, done chan any) (faults []string) {
	fault := func(format string, arguments ...any) { faults = append(faults, fmt.Sprintf(format, arguments...)) }
	file := filepath.Join(folder, "dynamicconfig.yaml")
	// Groups of resolved parameters, beside what is none.
	var profile struct {
		Slo      []resolved `json:"slo_params"`
		Topology []resolved `json:"topology_params"`
		Safety   []resolved `json:"safety_params"`
		Tuning   []resolved `json:"tuning_params"`
	}
	read(filepath.Join(folder, "profile.json"), &profile)

	logger := &listener{}
	client, err := dynamicconfig.NewFileBasedClient(
		&dynamicconfig.FileBasedClientConfig{Filepath: file, PollInterval: time.Hour}, logger, done)
	if err != nil {
		fault("the server refuses the file: %v", err)
		for _, line := range logger.said {
			fault("the server says %s", line)
		}
		return faults
	}
	collection := dynamicconfig.NewCollection(client, logger)

	text, err := os.ReadFile(file)
	must(err)
	var emitted map[string]any
	must(yaml.Unmarshal(text, &emitted))

	for _, group := range [][]resolved{profile.Slo, profile.Topology, profile.Safety, profile.Tuning} {
		for _, entry := range group {
			parameter, listed := known[entry.Key]
			if !listed || !entry.Emitted {
				continue
			}
			name := parameter.Names["dynamic_config"]
			delete(emitted, name)
			key := key(name)
			setting := queryRegistry(key)
			if setting == nil {
				fault("%s: the server registers no such key", name)
				continue
			}
			if raw := client.GetValue(key); len(raw) != 1 || raw[0].Constraints != (dynamicconfig.Constraints{}) {
				fault("%s: %d entries, where one without constraints is wanted: %v", name, len(raw), raw)
				continue
			}
			*values++
			want := typed(parameter.ValueType, entry.Value)
			if got := get(setting, collection); !reflect.DeepEqual(got, want) {
				fault("%s: the server reads %v (%T), the profile says %v (%T)", name, got, got, want, want)
			}
		}
	}
	rest := make([]string, 0, len(emitted))
	for name := range emitted {
		rest = append(rest, name)
	}
	sort.Strings(rest)
	for _, name := range rest {
		fault("%s: in the file, but not in the profile", name)
	}
	for _, line := range logger.said {
		fault("the server says %s", line)
	}
	return faults
}

// get reads a setting as the server does: through its own getter, of its own type, for no namespace, queue or shard.
func get(setting dynamicconfig.GenericSetting, collection *dynamicconfig.Collection) any {
	property := reflect.ValueOf(setting).MethodByName("Get").Call([]reflect.Value{reflect.ValueOf(collection)})[0]
	arguments := make([]reflect.Value, property.Type().NumIn())
	for i := range arguments {
		arguments[i] = reflect.Zero(property.Type().In(i))
	}
	value := property.Call(arguments)[0]
	// A gradual change that is given a plain value has it as the new one, at once.
	if value.Kind() == reflect.Struct && strings.HasPrefix(value.Type().Name(), "GradualChange[") {
		value = value.FieldByName("New")
	}
	return value.Interface()
}

// typed is the profile's value as the server's Go type.
func typed(valueType string, value any) any {
	switch valueType {
	case "int":
		number, err := value.(json.Number).Int64()
		must(err)
		return int(number)
	case "float":
		number, err := value.(json.Number).Float64()
		must(err)
		return number
	case "duration":
		duration, err := time.ParseDuration(value.(string))
		must(err)
		return duration
	default:
		return value
	}
}

func read(path string, into any) {
	file, err := os.Open(path)
	must(err)
	defer file.Close()
	decoder := json.NewDecoder(file)
	decoder.UseNumber()
	must(decoder.Decode(into))
}

func must(err error) {
	if err != nil {
		fmt.Println("cannot check:", err)
		os.Exit(1)
	}
}
