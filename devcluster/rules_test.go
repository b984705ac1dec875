package main

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/yaml"
)

func pod(namespace, app, address string, ports ...corev1.ContainerPort) endpoint {
	return endpoint{namespace, labels.Set{"app": app}, netip.MustParseAddr(address), ports}
}

// world is two namespaces with a web, a client and a database in the first.
func world(t *testing.T, policies ...string) *snapshot {
	t.Helper()
	s := &snapshot{
		namespaces: map[string]labels.Set{"shop": {"name": "shop"}, "other": {"name": "other"}},
		endpoints: []endpoint{
			pod("shop", "web", "10.85.0.2", corev1.ContainerPort{Name: "http", ContainerPort: 8080}),
			pod("shop", "client", "10.85.0.3"),
			pod("shop", "db", "10.85.0.4", corev1.ContainerPort{Name: "sql", ContainerPort: 5432}),
			pod("other", "client", "10.85.0.5"),
		},
	}
	for _, text := range policies {
		policy := &networkingv1.NetworkPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: "shop"}}
		if err := yaml.UnmarshalStrict([]byte(text), &policy.Spec); err != nil {
			t.Fatal(err)
		}
		s.policies = append(s.policies, policy)
	}
	return s
}

// chain is the lines of a chain of the table, nil when it is not there.
func chain(table, name string) []string {
	_, rest, found := strings.Cut(table, "chain "+name+" {\n")
	if !found {
		return nil
	}
	body, _, _ := strings.Cut(rest, "\n  }")
	var lines []string
	for _, line := range strings.Split(body, "\n") {
		lines = append(lines, strings.TrimSpace(line))
	}
	return lines
}

func TestRules(t *testing.T) {
	for name, test := range map[string]struct {
		policy string
		chain  string
		want   []string
	}{
		"nothing comes in where a policy allows nothing": {
			`{podSelector: {matchLabels: {app: web}}}`,
			"ingress_10_85_0_2", []string{"drop"}},
		"pods that no policy selects stay open": {
			`{podSelector: {matchLabels: {app: web}}}`, "ingress_10_85_0_4", nil},
		"a policy for what comes in leaves what goes out": {
			`{podSelector: {}}`, "egress_10_85_0_2", nil},
		"an empty rule allows all": {
			`{podSelector: {matchLabels: {app: web}}, ingress: [{}]}`,
			"ingress_10_85_0_2", []string{"return", "drop"}},
		"peers are of the policy's namespace, and a port's name is the pod's own": {
			`{podSelector: {matchLabels: {app: web}}, ingress: [{from: [{podSelector: {matchLabels: {app: client}}}], ports: [{port: http}]}]}`,
			"ingress_10_85_0_2", []string{"ip saddr { 10.85.0.3 } tcp dport 8080 return", "drop"}},
		"a name that the pod does not have allows nothing": {
			`{podSelector: {matchLabels: {app: web}}, ingress: [{ports: [{port: sql}]}]}`,
			"ingress_10_85_0_2", []string{"drop"}},
		"a namespace selector alone means all of its pods": {
			`{podSelector: {matchLabels: {app: web}}, ingress: [{from: [{namespaceSelector: {matchLabels: {name: other}}}]}]}`,
			"ingress_10_85_0_2", []string{"ip saddr { 10.85.0.5 } return", "drop"}},
		"both selectors in one peer mean both": {
			`{podSelector: {matchLabels: {app: web}}, ingress: [{from: [{namespaceSelector: {}, podSelector: {matchLabels: {app: client}}}]}]}`,
			"ingress_10_85_0_2", []string{"ip saddr { 10.85.0.3, 10.85.0.5 } return", "drop"}},
		"peers that select nobody allow nobody": {
			`{podSelector: {matchLabels: {app: web}}, ingress: [{from: [{podSelector: {matchLabels: {app: ghost}}}]}]}`,
			"ingress_10_85_0_2", []string{"drop"}},
		"blocks have exceptions": {
			`{podSelector: {matchLabels: {app: web}}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.85.0.0/24, 10.86.0.0/16]}}]}]}`,
			"ingress_10_85_0_2", []string{"ip saddr 10.0.0.0/8 ip saddr != { 10.85.0.0/24, 10.86.0.0/16 } return", "drop"}},
		"ports have protocols and ends": {
			`{podSelector: {matchLabels: {app: web}}, ingress: [{ports: [{port: 53, protocol: UDP}, {port: 80, endPort: 90}, {protocol: TCP}]}]}`,
			"ingress_10_85_0_2", []string{"udp dport 53 return", "tcp dport 80-90 return", "ip protocol tcp return", "drop"}},
		"going out, a port's name is each peer's": {
			`{podSelector: {matchLabels: {app: client}}, policyTypes: [Egress], egress: [{to: [{podSelector: {}}], ports: [{port: sql}]}]}`,
			"egress_10_85_0_3", []string{"ip daddr 10.85.0.4 tcp dport 5432 return", "drop"}},
		"nothing goes out where only the type is named": {
			`{podSelector: {matchLabels: {app: client}}, policyTypes: [Egress]}`,
			"egress_10_85_0_3", []string{"drop"}},
	} {
		t.Run(name, func(t *testing.T) {
			table := world(t, test.policy).rules()

			if got := chain(table, test.chain); !slices.Equal(got, test.want) {
				t.Errorf("%s is %q, not %q, in\n%s", test.chain, got, test.want, table)
			}
		})
	}
}

func TestWhatAnyPolicyAllowsIsAllowed(t *testing.T) {
	table := world(t,
		`{podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]}`,
		`{podSelector: {}, ingress: [{ports: [{port: 9100}]}]}`).rules()

	want := []string{"ip saddr { 10.85.0.2 } return", "tcp dport 9100 return", "drop"}
	if got := chain(table, "ingress_10_85_0_4"); !slices.Equal(got, want) {
		t.Errorf("got %q, not %q", got, want)
	}
}

func TestEveryChainIsReachedByItsPod(t *testing.T) {
	table := world(t, `{podSelector: {}, policyTypes: [Ingress, Egress]}`).rules()

	forward := strings.Join(chain(table, "forward"), "\n")
	for _, name := range regexp.MustCompile(`chain ((?:in|e)gress\S+)`).FindAllStringSubmatch(table, -1) {
		address := strings.ReplaceAll(name[1][strings.Index(name[1], "_")+1:], "_", ".")
		if !strings.Contains(forward, address+" : jump "+name[1]) {
			t.Errorf("nothing leads to %s in\n%s", name[1], table)
		}
	}
}

func TestPodsWithoutAnAddressOfTheirOwnAreNoEndpoints(t *testing.T) {
	for name, pod := range map[string]corev1.Pod{
		"waiting":      {},
		"finished":     {Status: corev1.PodStatus{PodIP: "10.85.0.2", Phase: corev1.PodSucceeded}},
		"host network": {Spec: corev1.PodSpec{HostNetwork: true}, Status: corev1.PodStatus{PodIP: nodeAddress}},
	} {
		if _, ok := asEndpoint(&pod); ok {
			t.Errorf("a pod that is %s has become an endpoint", name)
		}
	}
}
