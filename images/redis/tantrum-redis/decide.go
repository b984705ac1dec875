package main

import "fmt"

// Seen is what a starting Redis found out in one round of questions.
type Seen struct {
	Words []Word
	// Nodes are the other Redis servers that answered.
	Nodes []Node
}

// Self is what a starting Redis knows of itself.
type Self struct {
	Address string
	// First is the one that becomes master when there never was one.
	First   bool
	HasData bool
	Quorum  int
}

// Choice is how to start: with an empty Master not yet, for the reason in Why.
type Choice struct {
	// Master is this server's own address where it is to be the master.
	Master string
	Why    string
	// Claims says that nobody named this server, so that the choice wants confirming.
	Claims bool
}

// decide never makes an empty server the master of replicas that hold data: they would throw
// theirs away to be like it. So the named master without data waits until Sentinel has moved
// the role, and only where a quorum of Sentinels says that there never was a master, and no
// other server answers, the first one claims it.
func decide(self Self, seen Seen) Choice {
	if word := newest(seen.Words); word.Master != "" {
		return follow(self, word.Master, "Sentinel")
	}
	if leader := leader(seen.Nodes); leader != "" {
		return follow(self, leader, "another Redis")
	}
	if len(seen.Words) < self.Quorum {
		return Choice{Why: fmt.Sprintf("%d of %d Sentinels answer", len(seen.Words), self.Quorum)}
	}
	if len(seen.Nodes) == 0 && self.First {
		return Choice{Master: self.Address, Why: "there never was a master", Claims: true}
	}
	return Choice{Why: "nobody knows a master yet"}
}

func follow(self Self, master, who string) Choice {
	if master == self.Address && !self.HasData {
		return Choice{Why: who + " names this server, which has no data: waiting for a failover"}
	}
	return Choice{Master: master, Why: who + " names it"}
}

// newest is the word of the latest failover that any Sentinel knows of.
func newest(words []Word) Word {
	var best Word
	for _, word := range words {
		if word.Master != "" && (best.Master == "" || word.Epoch > best.Epoch) {
			best = word
		}
	}
	return best
}

// leader is the master that has the most replicas and has written most, else the one that a
// replica still follows.
func leader(nodes []Node) string {
	var best *Node
	for _, node := range nodes {
		if node.Master && (best == nil || node.Replicas > best.Replicas ||
			node.Replicas == best.Replicas && node.Offset > best.Offset) {
			best = &node
		}
	}
	if best != nil {
		return best.Address
	}
	for _, node := range nodes {
		if best == nil || node.Offset > best.Offset {
			best = &node
		}
	}
	if best != nil {
		return best.Follows
	}
	return ""
}
