package main

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/tools/cache"
)

// Changes come in bursts: one table for those of this time.
const settle = 20 * time.Millisecond

// runPolicies keeps the table of rules as the NetworkPolicies and pods say.
func runPolicies(c *cluster) error {
	client, err := c.client("policies")
	if err != nil {
		return err
	}
	factory := informers.NewSharedInformerFactory(client, 0)
	pods, namespaces, policies := factory.Core().V1().Pods(), factory.Core().V1().Namespaces(), factory.Networking().V1().NetworkPolicies()
	changed := make(chan struct{}, 1)
	notify := func() {
		select {
		case changed <- struct{}{}:
		default:
		}
	}
	for _, informer := range []cache.SharedIndexInformer{pods.Informer(), namespaces.Informer(), policies.Informer()} {
		if _, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
			AddFunc:    func(any) { notify() },
			UpdateFunc: func(any, any) { notify() },
			DeleteFunc: func(any) { notify() },
		}); err != nil {
			return err
		}
	}
	ctx := context.Background()
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	applied := ""
	for range changed {
		time.Sleep(settle)
		s := &snapshot{namespaces: map[string]labels.Set{}}
		// The listers read caches; what they return an error for cannot happen there.
		allPods, _ := pods.Lister().List(labels.Everything())
		allNamespaces, _ := namespaces.Lister().List(labels.Everything())
		s.policies, _ = policies.Lister().List(labels.Everything())
		for _, namespace := range allNamespaces {
			s.namespaces[namespace.Name] = namespace.Labels
		}
		for _, pod := range allPods {
			if e, ok := asEndpoint(pod); ok {
				s.endpoints = append(s.endpoints, e)
			}
		}
		table := s.rules()
		if table == applied {
			continue
		}
		if err := apply(table); err != nil {
			// The table before this one stays in force.
			fmt.Fprintf(os.Stderr, "%v\n%s", err, table)
			time.AfterFunc(time.Second, notify)
			continue
		}
		applied = table
		fmt.Printf("%s %d policies, %d pods\n", time.Now().Format(time.TimeOnly), len(s.policies), len(s.endpoints))
	}
	return nil
}

func apply(table string) error {
	command := exec.Command("nft", "-f", "-")
	command.Stdin = strings.NewReader(table)
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("nft: %w: %s", err, output)
	}
	return nil
}

// asEndpoint is false for a pod without an address of its own.
func asEndpoint(pod *corev1.Pod) (endpoint, bool) {
	if pod.Spec.HostNetwork || pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed {
		return endpoint{}, false
	}
	address, err := netip.ParseAddr(pod.Status.PodIP)
	if err != nil {
		return endpoint{}, false
	}
	e := endpoint{namespace: pod.Namespace, labels: pod.Labels, address: address}
	for _, container := range pod.Spec.Containers {
		e.ports = append(e.ports, container.Ports...)
	}
	return e, true
}
