package store

import (
	"strings"
	"testing"
)

// TestCheckOfServers holds what servers say that can't be had here; those that can are started for real elsewhere.
func TestCheckOfServers(t *testing.T) {
	t.Parallel()
	fit := "# Server\r\nredis_version:7.2.4\r\nredis_mode:standalone\r\nmaxmemory_policy:noeviction\r\naof_enabled:1\r\n"
	for _, c := range []struct {
		mode, info, refusal, warning string
	}{
		{"single", fit, "", ""},
		{"single", strings.Replace(fit, "7.2.4", "6.2.14", 1), "version 7.0", ""},
		{"single", strings.Replace(fit, "7.2.4", "10.0.0", 1), "", ""},
		{"single", strings.Replace(fit, "redis_version", "x", 1), "version 7.0", ""},
		{"single", strings.Replace(fit, "noeviction", "volatile-ttl", 1), "noeviction", ""},
		{"single", strings.Replace(fit, "standalone", "cluster", 1), "this is a cluster", ""},
		{"sentinel", strings.Replace(fit, "standalone", "sentinel", 1), "this is a sentinel", ""},
		{"cluster", strings.Replace(fit, "standalone", "cluster", 1) + "min_slaves_good_slaves:1\r\n", "", ""},
		{"cluster", fit, "", "min-replicas-to-write"},
		{"sentinel", fit, "", "min-replicas-to-write"},
		{"single", strings.Replace(fit, "aof_enabled:1", "aof_enabled:0", 1), "", "append-only"},
	} {
		var log string
		err := RedisSettings{Mode: c.mode}.check(parseInfo(c.info), func(text string) { log += text })
		if (err == nil) != (c.refusal == "") || err != nil && !strings.Contains(err.Error(), c.refusal) {
			t.Errorf("%s %q: %v, want %q", c.mode, c.info, err, c.refusal)
		}
		if (log == "") != (c.warning == "") || !strings.Contains(log, c.warning) {
			t.Errorf("%s %q: logged %q, want %q", c.mode, c.info, log, c.warning)
		}
	}
}

func TestSettingsThatCannotBe(t *testing.T) {
	t.Parallel()
	for want, sets := range map[string][]RedisSettings{
		"URL": {
			{},
			{URL: "redis://:s3cret@%zz:1"},
			{URL: "http://:s3cret@h:1"},
			{URL: "redis://:s3cret@h:1/x"},
			{URL: "redis://:s3%zzcret@h:1"},
			{URL: "h:1,,h:2", Mode: "cluster"},
			{URL: "redis://h:s3cret"},
		},
		"mode":     {{URL: "h:1", Mode: "fleet"}, {URL: "h:1,h:2"}},
		"master":   {{URL: "h:1", Mode: "sentinel"}},
		"database": {{URL: "redis://:s3cret@h:1/2", Mode: "cluster"}},
		"prefix":   {{URL: "h:1", Prefix: "a{b}"}, {URL: "h:1", Prefix: "a b"}},
		"negative": {{URL: "h:1", Timeout: -1}, {URL: "h:1", WaitReplicas: -1}},
	} {
		for _, set := range sets {
			_, err := set.Client(0)
			if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "s3cret") || strings.Contains(err.Error(), "\n") {
				t.Errorf("%+v: %v, want one line about the %s", set, err, want)
			}
		}
	}
}

func TestAddressesOfSettings(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"h":                                 "h:6379",
		"h:1":                               "h:1",
		"h:1,i:2,[::1]:3":                   "h:1 i:2 [::1]:3",
		"redis://u:p,@h:1,i:2/":             "h:1 i:2",
		"rediss://u:p@h:1?skip_verify=true": "h:1",
	} {
		o, err := RedisSettings{URL: url}.options()
		if err != nil || strings.Join(o.Addrs, " ") != want {
			t.Errorf("%s: %+v, %v, want %s", url, o, err, want)
		}
	}
	o, err := RedisSettings{URL: "rediss://u:p,@h:1,i:2/"}.options()
	if err != nil || o.Username != "u" || o.Password != "p," || o.TLSConfig == nil || o.TLSConfig.ServerName != "" {
		t.Errorf("%+v, %v", o, err)
	}
}
