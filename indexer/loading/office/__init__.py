"""Documents of office programs: Word, PowerPoint, Excel, OpenDocument, RTF, and the old formats through LibreOffice."""
