//go:build !made_keys

package main

import "go.temporal.io/server/common/dynamicconfig"

func key(name string) dynamicconfig.Key { return dynamicconfig.Key(name) }
