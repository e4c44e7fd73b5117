// The SQL of every remedy for a TiDB, given to TiDB's own parser.
//
//	commands sql | tidb-grammar
//
// Reads one remedy a line, {"patient", "server", "statements"}, and judges those whose server is a TiDB.
// Prints a count; exit 1 with faults.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/pingcap/tidb/pkg/parser"
	_ "github.com/pingcap/tidb/pkg/parser/test_driver"
)

type remedy struct {
	Patient    string
	Server     string
	Statements []string
}

// Each is somebody else's grammar: a parser that took them would prove nothing.
var foreign = []string{
	"SET DEFAULT ROLE `r` FOR `u`@`%`;",
	"SHOW GRANTS FOR;",
	"GRANT SELECT ON shop.* TO;",
}

func main() {
	faults, statements := 0, map[string]bool{}
	parse := func(statement string) error {
		_, _, err := parser.New().Parse(statement, "", "")
		return err
	}
	for _, statement := range foreign {
		if parse(statement) == nil {
			fmt.Printf("fault: it takes what isn't its grammar: %s\n", statement)
			faults++
		}
	}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var one remedy
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			fmt.Printf("fault: no remedy: %v\n", err)
			os.Exit(2)
		}
		if !strings.Contains(strings.ToLower(one.Server), "tidb") {
			continue
		}
		for _, statement := range one.Statements {
			statements[statement] = true
			if err := parse(statement); err != nil {
				fmt.Printf("fault: %s: %s: %v\n", one.Patient, statement, err)
				faults++
			}
		}
	}
	if err := lines.Err(); err != nil {
		fmt.Println("fault:", err)
		os.Exit(2)
	}
	if len(statements) == 0 {
		fmt.Println("fault: no statement for a TiDB")
		faults++
	}
	fmt.Printf("TiDB's parser: %d statements, %d faults\n", len(statements), faults)
	if faults > 0 {
		os.Exit(1)
	}
}
