package main

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
)

const policyTable = "tantrum_policies"

// endpoint is a pod as policies see it.
type endpoint struct {
	namespace string
	labels    labels.Set
	address   netip.Addr
	ports     []corev1.ContainerPort
}

// snapshot is all that the rules depend on.
type snapshot struct {
	namespaces map[string]labels.Set
	endpoints  []endpoint
	policies   []*networkingv1.NetworkPolicy
}

// rules is the whole table, for `nft -f`, which puts it in force at once or not at all.
//
// Each pod that a policy selects has a chain for that direction, which returns for what some policy
// allows and drops the rest. What the node itself sends is not forwarded, and so always allowed.
func (s *snapshot) rules() string {
	var chains, from, to strings.Builder
	endpoints := slices.Clone(s.endpoints)
	slices.SortFunc(endpoints, func(a, b endpoint) int { return a.address.Compare(b.address) })
	policies := slices.Clone(s.policies)
	slices.SortFunc(policies, func(a, b *networkingv1.NetworkPolicy) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	for _, pod := range endpoints {
		for _, direction := range []networkingv1.PolicyType{networkingv1.PolicyTypeEgress, networkingv1.PolicyTypeIngress} {
			isolated := false
			var lines []string
			for _, policy := range policies {
				if policy.Namespace == pod.namespace && applies(policy, direction) && selects(&policy.Spec.PodSelector, pod.labels) {
					isolated = true
					lines = append(lines, s.allowed(policy, direction, pod)...)
				}
			}
			if !isolated {
				continue
			}
			chain := strings.ToLower(string(direction)) + "_" + strings.ReplaceAll(pod.address.String(), ".", "_")
			fmt.Fprintf(&chains, "  chain %s {\n", chain)
			for _, line := range slices.Compact(lines) {
				fmt.Fprintf(&chains, "    %s return\n", line)
			}
			chains.WriteString("    drop\n  }\n")
			jumps := &from
			if direction == networkingv1.PolicyTypeIngress {
				jumps = &to
			}
			fmt.Fprintf(jumps, "%s : jump %s, ", pod.address, chain)
		}
	}
	var table strings.Builder
	fmt.Fprintf(&table, "table ip %s\ndelete table ip %s\ntable ip %s {\n%s", policyTable, policyTable, policyTable, chains.String())
	table.WriteString("  chain forward {\n    type filter hook forward priority filter; policy accept;\n    ct state established,related accept\n")
	if from.Len() > 0 {
		fmt.Fprintf(&table, "    ip saddr vmap { %s }\n", strings.TrimSuffix(from.String(), ", "))
	}
	if to.Len() > 0 {
		fmt.Fprintf(&table, "    ip daddr vmap { %s }\n", strings.TrimSuffix(to.String(), ", "))
	}
	table.WriteString("  }\n}\n")
	return table.String()
}

func applies(policy *networkingv1.NetworkPolicy, direction networkingv1.PolicyType) bool {
	if len(policy.Spec.PolicyTypes) > 0 {
		return slices.Contains(policy.Spec.PolicyTypes, direction)
	}
	return direction == networkingv1.PolicyTypeIngress || len(policy.Spec.Egress) > 0
}

func selects(selector *metav1.LabelSelector, set labels.Set) bool {
	parsed, err := metav1.LabelSelectorAsSelector(selector)
	return err == nil && parsed.Matches(set)
}

// allowed is a match for each thing that the policy lets the pod do; all of it is the empty match.
func (s *snapshot) allowed(policy *networkingv1.NetworkPolicy, direction networkingv1.PolicyType, pod endpoint) []string {
	var lines []string
	if direction == networkingv1.PolicyTypeIngress {
		for _, rule := range policy.Spec.Ingress {
			lines = append(lines, s.matches("saddr", policy.Namespace, rule.From, rule.Ports, &pod)...)
		}
	} else {
		for _, rule := range policy.Spec.Egress {
			lines = append(lines, s.matches("daddr", policy.Namespace, rule.To, rule.Ports, nil)...)
		}
	}
	return lines
}

// matches combines peers with ports. Named ports are those of the target: one pod for what comes in,
// each peer for what goes out.
func (s *snapshot) matches(field, namespace string, peers []networkingv1.NetworkPolicyPeer, ports []networkingv1.NetworkPolicyPort, target *endpoint) []string {
	var lines []string
	add := func(address string, target *endpoint) {
		if len(ports) == 0 {
			lines = append(lines, address)
		}
		for _, port := range ports {
			if match, ok := portMatch(port, target); ok {
				lines = append(lines, strings.TrimSpace(address+" "+match))
			}
		}
	}
	if len(peers) == 0 {
		add("", target)
		if target == nil {
			// To everywhere, by a named port: wherever a pod has one of that name.
			for i := range s.endpoints {
				if slices.ContainsFunc(ports, isNamed) {
					add(fmt.Sprintf("ip %s %s", field, s.endpoints[i].address), &s.endpoints[i])
				}
			}
		}
		return lines
	}
	for _, peer := range peers {
		if block := peer.IPBlock; block != nil {
			match := fmt.Sprintf("ip %s %s", field, block.CIDR)
			if len(block.Except) > 0 {
				match += fmt.Sprintf(" ip %s != { %s }", field, strings.Join(block.Except, ", "))
			}
			add(match, target)
			continue
		}
		var found []string
		for i, other := range s.endpoints {
			if !s.isPeer(peer, namespace, other) {
				continue
			}
			if target == nil && slices.ContainsFunc(ports, isNamed) {
				add(fmt.Sprintf("ip %s %s", field, other.address), &s.endpoints[i])
			} else {
				found = append(found, other.address.String())
			}
		}
		if len(found) > 0 {
			slices.Sort(found)
			add(fmt.Sprintf("ip %s { %s }", field, strings.Join(slices.Compact(found), ", ")), target)
		}
	}
	return lines
}

func isNamed(port networkingv1.NetworkPolicyPort) bool {
	return port.Port != nil && port.Port.Type == intstr.String
}

func (s *snapshot) isPeer(peer networkingv1.NetworkPolicyPeer, namespace string, pod endpoint) bool {
	if peer.NamespaceSelector == nil {
		if pod.namespace != namespace {
			return false
		}
	} else if !selects(peer.NamespaceSelector, s.namespaces[pod.namespace]) {
		return false
	}
	return peer.PodSelector == nil || selects(peer.PodSelector, pod.labels)
}

// portMatch is false for a name that the target does not have.
func portMatch(port networkingv1.NetworkPolicyPort, target *endpoint) (string, bool) {
	protocol := corev1.ProtocolTCP
	if port.Protocol != nil {
		protocol = *port.Protocol
	}
	lower := strings.ToLower(string(protocol))
	switch {
	case port.Port == nil:
		return "ip protocol " + lower, true
	case port.Port.Type == intstr.String:
		if target != nil {
			for _, p := range target.ports {
				if p.Name == port.Port.StrVal && cmp.Or(p.Protocol, corev1.ProtocolTCP) == protocol {
					return fmt.Sprintf("%s dport %d", lower, p.ContainerPort), true
				}
			}
		}
		return "", false
	case port.EndPort != nil:
		return fmt.Sprintf("%s dport %d-%d", lower, port.Port.IntVal, *port.EndPort), true
	}
	return fmt.Sprintf("%s dport %d", lower, port.Port.IntVal), true
}
