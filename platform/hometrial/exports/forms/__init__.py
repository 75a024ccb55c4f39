"""The case report form on paper, as CDISC ODM and as FHIR resources; wording only where its owner allows it."""
